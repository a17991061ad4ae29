import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { Link } from 'wouter';
import { fetchTask, isFinal, type Task } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { isWord } from '../i18n/words';
import { useActions } from '../studio/actions';
import { writeFlag } from '../studio/flags';
import { useLive } from '../studio/live';
import { saveAll, saveOne } from '../studio/save';
import '../studio/studio.css';
import { Outcome, Progress, StatusBadge, useActionName } from '../studio/task-card';
import { TaskButtons } from '../studio/task-buttons';
import { TaskPicture } from '../studio/task-picture';
import { Button } from '../ui/button';
import { CopyButton } from '../ui/copy';
import { Dialog } from '../ui/dialog';
import { Fault } from '../ui/fault';
import { seconds, when } from '../ui/format';
import { Badge } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { useToast } from '../ui/toast';
import { Family } from './family';
import { Receipt } from './receipt';

interface Props {
  id: string;
  onOpen: (id: string) => void;
}

/** Everything about one task. */
export function Detail({ id, onOpen }: Props) {
  const { t } = useLanguage();
  const name = useActionName();
  const queries = useQueryClient();
  const found = useQuery({ queryKey: ['task', id], queryFn: () => fetchTask(id) });
  const task = found.data;
  useLive(
    task && !isFinal(task) ? [id] : [],
    useCallback(([now]: Task[]) => queries.setQueryData(['task', id], now), [queries, id]),
  );
  return (
    <Dialog
      title={task ? name(task.action) : t('task.details')}
      kind="side"
      onClose={() => onOpen('')}
    >
      {found.error && <Fault error={found.error} retry={() => void found.refetch()} />}
      {!task && !found.error && <Skeleton shape="form" />}
      {task && <Facts task={task} onOpen={onOpen} />}
    </Dialog>
  );
}

/** Which tile of its parent a task was made from, as the buttons below a grid say it. */
function tileOf(customId: string): string {
  const [, deed = '', tile = ''] = /::(upsample|variation)::(\d)::/.exec(customId) ?? [];
  return deed && `${deed === 'upsample' ? 'U' : 'V'}${tile}`;
}

function Facts({ task, onOpen }: { task: Task; onOpen: (id: string) => void }) {
  const { t, language } = useLanguage();
  const { cancel, answer } = useActions();
  const size =
    task.imageWidth && task.imageHeight ? `${task.imageWidth} × ${task.imageHeight}` : '';
  const speed = `speed.${task.mode.toLowerCase()}`;
  const pressed = tileOf(task.customId ?? '');
  const rows: [string, string][] = [
    [t('fact.id'), task.id],
    [t('fact.seed'), task.seed === null ? '' : String(task.seed)],
    [t('fact.size'), size],
    [t('fact.speed'), isWord(speed) ? t(speed) : task.mode],
    [t('fact.submitted'), when(task.submitTime, language)],
    [t('fact.took'), seconds(task.startTime, task.finishTime)],
    [t('fact.bot'), task.botType],
    [t('fact.state'), task.state ?? ''],
  ];
  return (
    <>
      <p>{task.prompt}</p>
      <div className="row">
        <StatusBadge status={task.status} />
        {pressed && <Badge>{pressed}</Badge>}
      </div>
      {isFinal(task) && <Outcome task={task} />}
      {task.status !== 'MODAL' && <TaskPicture task={task} />}
      {!isFinal(task) && (
        <>
          {task.status !== 'MODAL' && <Progress task={task} />}
          <div className="row">
            {task.status === 'MODAL' && (
              <Button kind="primary" onPress={() => answer(task)}>
                {t('task.answer')}
              </Button>
            )}
            <Button onPress={() => cancel(task)}>{t('task.cancel')}</Button>
          </div>
        </>
      )}
      <TaskButtons task={task} />
      <Again task={task} />
      <dl className="facts">
        {rows
          .filter(([, value]) => value)
          .map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <Receipt task={task} />
      <Family task={task} onOpen={onOpen} />
    </>
  );
}

function Again({ task }: { task: Task }) {
  const { t } = useLanguage();
  const { make } = useActions();
  const { tell } = useToast();
  const made = task.imageUrls.length + task.videoUrls.length;
  const again = async () => {
    const prompt = writeFlag(task.promptEn, 'seed', String(task.seed ?? 0));
    await make({ path: '/mj/submit/imagine', body: { prompt }, prompt, action: 'IMAGINE' });
    tell(t('task.sent', { label: t('tool.imagine') }));
  };
  return (
    <div className="row">
      {made > 0 && (
        <Button icon="download" onPress={() => (made > 1 ? saveAll(task) : saveOne(task, 0))}>
          {t(made > 1 ? 'view.all' : 'do.download')}
        </Button>
      )}
      {task.prompt && <CopyButton text={task.prompt} label={t('task.copyPrompt')} />}
      {task.action === 'IMAGINE' && task.seed !== null && (
        <Button icon="again" onPress={again}>
          {t('task.again')}
        </Button>
      )}
      <Link href="/" className="button ghost">
        {t('nav.studio')}
      </Link>
    </div>
  );
}
