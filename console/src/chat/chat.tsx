import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type KeyboardEvent } from 'react';
import { Link } from 'wouter';
import { useLanguage } from '../i18n/language';
import { PictureInput } from '../studio/pictures';
import '../studio/studio.css';
import { Button } from '../ui/button';
import { CopyButton } from '../ui/copy';
import { explain, Fault } from '../ui/fault';
import { Select } from '../ui/field';
import { count, dollars } from '../ui/format';
import { Empty, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import './chat.css';
import { useConversation, type Line } from './conversation';
import { taskOf } from './cost';
import { RichAnswer } from './rich-answer';
import { chatModels } from './stream';

const MOST_PICTURES = 5;

/** A place to try every chat model, with what each answer cost. */
export default function Chat() {
  const { t } = useLanguage();
  const models = useQuery({ queryKey: ['chat-models'], queryFn: chatModels });
  if (models.error) return <Fault error={models.error} retry={() => void models.refetch()} />;
  if (!models.data) {
    return (
      <Page title={t('nav.chat')}>
        <Skeleton shape="form" />
      </Page>
    );
  }
  if (!models.data.length) {
    return (
      <Page title={t('nav.chat')}>
        <Empty icon="chat" title={t('chat.noModel')} text={t('chat.noModelText')} />
      </Page>
    );
  }
  return <Playground models={models.data} />;
}

function Playground({ models }: { models: string[] }) {
  const { t } = useLanguage();
  const [chosen, setChosen] = useState('');
  const { lines, busy, send, stop, clear } = useConversation();
  const model = chosen || (models.includes('midjourney') ? 'midjourney' : (models[0] ?? ''));
  const length = lines.reduce((sum, line) => sum + line.text.length, lines.length);
  useEffect(() => {
    if (length) scrollTo({ top: document.documentElement.scrollHeight });
  }, [length]);
  return (
    <Page
      title={t('nav.chat')}
      actions={
        <>
          <Select
            label={t('chat.model')}
            value={model}
            options={models.map((one) => [one, one] as const)}
            onValue={setChosen}
          />
          {lines.length > 0 && <Button onPress={clear}>{t('chat.clear')}</Button>}
        </>
      }
    >
      <div className="chat">
        <div className="chat-lines" role="log" aria-label={t('chat.title')} aria-live="polite">
          {!lines.length && <Empty icon="chat" title={t('chat.title')} text={t('chat.text')} />}
          {lines.map((line) => (
            <Said key={line.key} line={line} />
          ))}
        </div>
        <Writer busy={busy} onStop={stop} onSend={(text, seen) => send(model, text, seen)} />
      </div>
    </Page>
  );
}

function Said({ line }: { line: Line }) {
  const { t } = useLanguage();
  if (line.role === 'user') {
    return (
      <article className="said mine" aria-label={t('chat.you')}>
        {line.pictures.map((one, index) => (
          <img key={index} src={one} alt={t('pictures.alt', { n: index + 1 })} />
        ))}
        <p>{line.text}</p>
      </article>
    );
  }
  return (
    <article className="said" aria-label={line.model} aria-busy={line.state === 'streaming'}>
      <RichAnswer text={line.text} />
      {line.state === 'streaming' && <span className="spinner" aria-hidden="true" />}
      {line.state === 'failed' && (
        <p className="notice bad" role="alert">
          {explain(line.error, t)}
        </p>
      )}
      <Foot line={line} />
    </article>
  );
}

function Foot({ line }: { line: Line }) {
  const { t, language } = useLanguage();
  const task = taskOf(line.text);
  return (
    <footer className="row">
      <small>{line.model}</small>
      {line.state === 'stopped' && <small>{t('chat.stopped')}</small>}
      {line.tokens > 0 && <small>{t('chat.tokens', { n: count(line.tokens, language) })}</small>}
      {line.cost !== null && (
        <small className="cost">{t('chat.cost', { price: dollars(line.cost) })}</small>
      )}
      {task && <Link href={`/gallery?task=${task}`}>{t('task.details')}</Link>}
      {line.state !== 'streaming' && line.text && <CopyButton text={line.text} />}
    </footer>
  );
}

interface WriterProps {
  busy: boolean;
  onStop: () => void;
  onSend: (text: string, pictures: string[]) => Promise<void>;
}

function Writer({ busy, onStop, onSend }: WriterProps) {
  const { t } = useLanguage();
  const [text, setText] = useState('');
  const [pictures, setPictures] = useState<string[]>([]);
  const send = () => {
    if (busy || !text.trim()) return;
    void onSend(text.trim(), pictures);
    setText('');
    setPictures([]);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
  };
  return (
    <div className="composer chat-writer">
      <textarea
        data-slash
        rows={2}
        aria-label={t('chat.message')}
        placeholder={t('chat.placeholder')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={press}
      />
      <div className="row spread">
        <PictureInput
          label={t('pictures.add')}
          hint={t('pictures.drop')}
          pictures={pictures}
          most={MOST_PICTURES}
          onPictures={setPictures}
          takesPaste
          compact
        />
        {busy ? (
          <Button icon="close" onPress={onStop}>
            {t('chat.stop')}
          </Button>
        ) : (
          <Button kind="primary" disabled={!text.trim()} onPress={send}>
            {t('chat.send')}
          </Button>
        )}
      </div>
    </div>
  );
}
