import { useQuery } from '@tanstack/react-query';
import { call } from '../api/client';
import type { ChannelView, PageChannelView, PageTaskView, TaskView } from '../api/schema';
import { ADMIN, useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { isWord } from '../i18n/words';
import { Button } from '../ui/button';
import { Fault } from '../ui/fault';
import { ago } from '../ui/format';
import { Badge, Empty, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { DataTable, type Column } from '../ui/table';
import { ChannelState } from './channel-detail';
import { useChange } from './desk';
import './operations.css';

const OPEN = ['queued', 'submitting', 'running', 'needs_input'] as const;
const MOST = 500;
const POLL_MS = 2000;
/** Faster lanes are taken first. */
const RANK: Record<string, number> = { turbo: 0, fast: 1, relax: 2 };

interface Row {
  task: TaskView;
  place: number | null;
}

async function readQueue(): Promise<{ tasks: TaskView[]; channels: ChannelView[] }> {
  const [channels, ...pages] = await Promise.all([
    call<PageChannelView>('GET', `${ADMIN}/channels?limit=500`),
    ...OPEN.map((status) =>
      call<PageTaskView>('GET', `${ADMIN}/tasks?limit=${MOST}&status=${status}`),
    ),
  ]);
  return { channels: channels.items, tasks: pages.flatMap((page) => page.items) };
}

/** Returns a channel's open tasks in the order in which they are taken. */
function inOrder(tasks: TaskView[]): Row[] {
  const waits = (task: TaskView) => (task.status === 'queued' ? 1 : 0);
  const sorted = [...tasks].sort(
    (a, b) =>
      waits(a) - waits(b) ||
      (RANK[a.lane] ?? 9) - (RANK[b.lane] ?? 9) ||
      a.submitted_at.localeCompare(b.submitted_at),
  );
  let place = 0;
  return sorted.map((task) => ({ task, place: waits(task) ? (place += 1) : null }));
}

/** What waits and runs, by channel. */
export default function Queue() {
  const { t } = useLanguage();
  const found = useQuery({ queryKey: ['queue'], queryFn: readQueue, refetchInterval: POLL_MS });
  if (found.error && !found.data)
    return <Fault error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) {
    return (
      <Page title={t('nav.queue')}>
        <Skeleton />
      </Page>
    );
  }
  const { tasks, channels } = found.data;
  const known = new Set(channels.map((one) => one.id));
  const strays = tasks.filter((task) => !task.channel || !known.has(task.channel));
  return (
    <Page title={t('nav.queue')}>
      {channels.map((channel) => (
        <ChannelQueue
          key={channel.id}
          channel={channel}
          rows={inOrder(tasks.filter((task) => task.channel === channel.id))}
        />
      ))}
      {strays.length > 0 && (
        <section className="card">
          <h2>{t('queue.unplaced')}</h2>
          <Tasks rows={inOrder(strays)} label={t('queue.unplaced')} />
        </section>
      )}
      {!tasks.length && <Empty icon="queue" title={t('queue.empty')} text={t('queue.emptyText')} />}
      {tasks.length >= MOST && <p className="muted">{t('queue.most', { n: MOST })}</p>}
    </Page>
  );
}

function ChannelQueue({ channel, rows }: { channel: ChannelView; rows: Row[] }) {
  const { t } = useLanguage();
  const { may } = useSession();
  const change = useChange('queue', '/channels');
  return (
    <section className="card">
      <div className="lane-title">
        <div className="row">
          <h2>{channel.name}</h2>
          <ChannelState channel={channel} />
        </div>
        <div className="row">
          <small>
            {t('queue.load', {
              running: channel.running,
              core: channel.core_size,
              waiting: channel.waiting,
            })}
          </small>
          {may('channels') && (
            <Button
              className="small"
              onPress={() =>
                change('PATCH', `/channels/${channel.id}`, { enabled: !channel.enabled })
              }
            >
              {t(channel.enabled ? 'channel.drain' : 'account.enable')}
            </Button>
          )}
          {may('channels') && (
            <Button
              className="small"
              icon={channel.paused ? 'play' : 'pause'}
              onPress={() =>
                change('PATCH', `/channels/${channel.id}`, { paused: !channel.paused })
              }
            >
              {t(channel.paused ? 'channel.resume' : 'channel.pause')}
            </Button>
          )}
        </div>
      </div>
      <div className="load">
        <div style={{ width: `${Math.min(100, (channel.running / channel.core_size) * 100)}%` }} />
      </div>
      {rows.length > 0 && <Tasks rows={rows} label={channel.name} />}
    </section>
  );
}

function Tasks({ rows, label }: { rows: Row[]; label: string }) {
  const { t, language } = useLanguage();
  const { may } = useSession();
  const change = useChange('queue');
  const state = (name: string) => {
    const word = `state.${name}`;
    return isWord(word) ? t(word) : name;
  };
  const columns: Column<Row>[] = [
    {
      name: t('queue.task'),
      width: 'minmax(0, 3fr)',
      cell: ({ task }) => <span className="clamp">{task.prompt || task.action}</span>,
    },
    { name: t('queue.place'), width: '4rem', cell: ({ place }) => place ?? '–' },
    { name: t('queue.lane'), width: '4.5rem', cell: ({ task }) => t(`speed.${task.lane}`) },
    {
      name: t('queue.status'),
      width: '8rem',
      cell: ({ task }) => (
        <Badge tone={task.status === 'running' ? 'busy' : 'plain'}>
          {state(task.status)} {task.status === 'running' && `${task.progress} %`}
        </Badge>
      ),
    },
    { name: t('queue.since'), width: '7rem', cell: ({ task }) => ago(task.submitted_at, language) },
  ];
  if (may('tasks')) {
    columns.push({
      name: '',
      width: '7rem',
      align: 'end',
      cell: ({ task }) => (
        <Button className="small" onPress={() => change('POST', `/tasks/${task.id}/cancel`)}>
          {t('do.cancel')}
        </Button>
      ),
    });
  }
  return <DataTable label={label} columns={columns} rows={rows} keyOf={({ task }) => task.id} />;
}
