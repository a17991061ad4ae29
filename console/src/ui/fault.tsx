import { Component, type ReactNode } from 'react';
import { ApiError } from '../api/client';
import { useLanguage } from '../i18n/language';
import { isChinese, sayCode, type Translate } from '../i18n/words';
import { Icon } from './icon';

/** Says what went wrong, whether it cost something and whether to try again. */
export function explain(error: unknown, t: Translate): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t('fault.network');
  if (error.code === 'outdated') return t('fault.outdated');
  const notes = [sayCode('code', error.code, error.message, t)];
  if (error.facts.charged) notes.push(t('fault.charged'));
  if (error.facts.retry) notes.push(t('fault.retry'));
  const ended = notes.map((note) =>
    note.replace(/([^.。!?…)）])$/, `$1${isChinese(note) ? '。' : '.'}`),
  );
  return ended.join(' ').replace(/。 /g, '。');
}

/** A failed load, where its content would stand. */
export function Fault({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useLanguage();
  const outdated = error instanceof ApiError && error.code === 'outdated';
  return (
    <div className="empty" role="alert">
      <Icon name="warning" size={28} />
      <h2>{t('fault.title')}</h2>
      <p>{explain(error, t)}</p>
      {outdated && (
        <button type="button" className="button primary" onClick={() => location.reload()}>
          {t('do.reload')}
        </button>
      )}
      {retry && !outdated && (
        <button type="button" className="button plain" onClick={retry}>
          {t('do.retry')}
        </button>
      )}
    </div>
  );
}

function Crash({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useLanguage();
  return (
    <div className="empty" role="alert">
      <Icon name="warning" size={28} />
      <h2>{t('fault.title')}</h2>
      <p>{t('fault.crash')}</p>
      <pre>{`${error.name}: ${error.message}`}</pre>
      <p className="row">
        <button type="button" className="button primary" onClick={retry}>
          {t('do.retry')}
        </button>
        <button type="button" className="button plain" onClick={() => location.reload()}>
          {t('do.reload')}
        </button>
      </p>
    </div>
  );
}

/** Keeps a broken page from taking the rest of the console with it. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <Crash error={error} retry={() => this.setState({ error: null })} />;
  }
}
