import { memo } from 'react';
import { Link } from 'wouter';
import { isFinal, percent, type Task } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { isWord, sayCode } from '../i18n/words';
import { Button, IconButton } from '../ui/button';
import { copyText } from '../ui/copy';
import { ago } from '../ui/format';
import { Badge } from '../ui/page';
import { useActions } from './actions';
import type { Card } from './feed';
import { usePlace } from './live';
import { saveAll, saveOne } from './save';
import { PromptText } from './prompt-text';
import { TaskButtons } from './task-buttons';
import { TaskPicture } from './task-picture';

const TONES = {
  SUCCESS: 'good',
  FAILURE: 'bad',
  CANCEL: 'plain',
  MODAL: 'wait',
  IN_PROGRESS: 'busy',
} as const;

/** The status of a task as a coloured word. */
export function StatusBadge({ status }: { status: string }) {
  const { t } = useLanguage();
  const word = `status.${status}`;
  const tone = status in TONES ? TONES[status as keyof typeof TONES] : 'plain';
  return <Badge tone={tone}>{isWord(word) ? t(word) : status}</Badge>;
}

/** The name of an action. */
export function useActionName(): (action: string) => string {
  const { t } = useLanguage();
  return (action) => {
    const word = `action.${action}`;
    return isWord(word) ? t(word) : action;
  };
}

interface Props {
  card: Card;
  onReuse: (prompt: string) => void;
}

/** A task: its prompt, its pictures while and after they are painted, its buttons. */
export const TaskCard = memo(function TaskCard({ card, onReuse }: Props) {
  const { t, language } = useLanguage();
  const name = useActionName();
  const { task } = card;
  return (
    <article className="task card" aria-label={card.prompt || name(card.action)}>
      <header>
        <p className="task-prompt" title={card.prompt}>
          <PromptText text={card.prompt || name(card.action)} />
        </p>
        <div className="row">
          <Badge>{name(task?.action ?? card.action)}</Badge>
          {task ? (
            <StatusBadge status={task.status} />
          ) : (
            <Badge tone="busy">{t('task.sending')}</Badge>
          )}
          {task?.submitTime && <small>{ago(task.submitTime, language)}</small>}
        </div>
      </header>
      {task ? (
        <Body task={task} onReuse={onReuse} />
      ) : (
        <div className="painting" style={{ aspectRatio: '1' }} />
      )}
    </article>
  );
});

function Body({ task, onReuse }: { task: Task; onReuse: (prompt: string) => void }) {
  return (
    <>
      {task.status !== 'MODAL' && <TaskPicture task={task} />}
      {isFinal(task) ? <Outcome task={task} /> : <Under task={task} />}
      <TaskButtons task={task} />
      {isFinal(task) && <Tools task={task} onReuse={onReuse} />}
    </>
  );
}

/** A bar with how far a task is. */
export function Progress({ task }: { task: Task }) {
  const { t } = useLanguage();
  const done = percent(task);
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={t('task.progress')}
      aria-valuenow={done}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div style={{ transform: `scaleX(${done / 100})` }} />
    </div>
  );
}

function Under({ task }: { task: Task }) {
  const { t } = useLanguage();
  const { answer, cancel } = useActions();
  const asks = task.status === 'MODAL';
  const place = usePlace(task.id);
  const waits = task.status === 'NOT_START' && place && place.position > 1;
  return (
    <div className="stack">
      {asks ? <p className="notice">{t('task.waits')}</p> : <Progress task={task} />}
      <div className="row">
        {asks && (
          <Button kind="primary" onPress={() => answer(task)}>
            {t('task.answer')}
          </Button>
        )}
        <Button className="small" icon="close" onPress={() => cancel(task)}>
          {t('task.cancel')}
        </Button>
        {!asks && (
          <small>{waits ? t('task.place', { n: place.position - 1 }) : task.progress}</small>
        )}
      </div>
    </div>
  );
}

/** The stable code of a failure; tasks of older versions have none. */
function failCode(task: Task): string {
  const value: unknown = (task.properties as Record<string, unknown>)['failCode'];
  return typeof value === 'string' ? value : '';
}

/** Why a task did not succeed, and that it cost nothing. */
export function Outcome({ task }: { task: Task }) {
  const { t } = useLanguage();
  if (task.status === 'SUCCESS') return null;
  const reason = task.failReason ?? '';
  return (
    <p className={`notice ${task.status === 'FAILURE' ? 'bad' : ''}`}>
      {reason ? sayCode('fail', failCode(task), reason, t) : t('task.gone')}
      <br />
      <small>{t('task.refunded')}</small>
    </p>
  );
}

function Tools({ task, onReuse }: { task: Task; onReuse: (prompt: string) => void }) {
  const { t } = useLanguage();
  const many = task.imageUrls.length + task.videoUrls.length > 1;
  const some = task.imageUrls.length + task.videoUrls.length > 0;
  return (
    <footer className="row task-tools">
      {some && (
        <IconButton
          label={t(many ? 'view.all' : 'do.download')}
          icon="download"
          onPress={() => (many ? saveAll(task) : saveOne(task, 0))}
        />
      )}
      <IconButton label={t('task.copyPrompt')} icon="copy" onPress={() => copyText(task.prompt)} />
      <IconButton label={t('task.reuse')} icon="studio" onPress={() => onReuse(task.prompt)} />
      <Link href={`/gallery?task=${task.id}`} className="button ghost small">
        {t('task.details')}
      </Link>
    </footer>
  );
}
