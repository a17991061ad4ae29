import { useQueries } from '@tanstack/react-query';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { queryTasks, thumbnail, type Task, type TaskFilter } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { Icon } from '../ui/icon';
import { StatusBadge, useActionName } from '../studio/task-card';
import type { Span } from './range';

const PAGE = 60;
const CELL = 190;
const GAP = 10;
const THUMBNAIL = 384;

/** How many cells fit beside each other, and how wide one is then. */
function useColumns(frame: RefObject<HTMLDivElement | null>): [number, number] {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, [frame]);
  const columns = Math.max(2, Math.floor((width + GAP) / (CELL + GAP)));
  return [columns, Math.max(1, (width - GAP * (columns - 1)) / columns)];
}

interface Props {
  filter: TaskFilter;
  span: Span;
  onOpen: (id: string) => void;
}

/** A grid of any length: cells in sight exist, and the pages that they are on are read. */
export function Grid({ filter, span, onOpen }: Props) {
  const { t } = useLanguage();
  const frame = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  const [columns, size] = useColumns(frame);
  const total = span.end - span.start;
  useLayoutEffect(() => {
    if (frame.current) setOffset(frame.current.getBoundingClientRect().top + window.scrollY);
  }, [size]);
  const virtual = useWindowVirtualizer({
    count: Math.ceil(total / columns),
    estimateSize: () => size + GAP,
    overscan: 3,
    scrollMargin: offset,
  });
  useEffect(() => virtual.measure(), [virtual, size]);
  const rows = virtual.getVirtualItems();
  const first = span.start + (rows[0]?.index ?? 0) * columns;
  const last = Math.min(span.end, span.start + ((rows.at(-1)?.index ?? 0) + 1) * columns) - 1;
  const pages = new Map<number, number>();
  for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) {
    pages.set(page, pages.size);
  }
  const found = useQueries({
    queries: [...pages.keys()].map((page) => ({
      queryKey: ['gallery', 'page', filter, page, span.end],
      queryFn: ({ signal }: { signal: AbortSignal }) => queryTasks(filter, page, PAGE, signal),
      staleTime: 30_000,
    })),
  });
  const taskAt = (place: number) =>
    found[pages.get(Math.floor(place / PAGE)) ?? -1]?.data?.content[place % PAGE];
  return (
    <div
      ref={frame}
      className="grid"
      role="list"
      aria-label={t('gallery.grid')}
      style={{ height: virtual.getTotalSize() }}
    >
      {rows.flatMap((row) =>
        Array.from({ length: Math.min(columns, total - row.index * columns) }, (_, column) => {
          const place = row.index * columns + column;
          const left = column * (size + GAP);
          return (
            <div
              key={place}
              role="listitem"
              aria-setsize={total}
              aria-posinset={place + 1}
              style={{
                width: size,
                height: size,
                transform: `translate(${left}px, ${row.start - offset}px)`,
              }}
            >
              <Cell task={taskAt(span.start + place)} onOpen={onOpen} />
            </div>
          );
        }),
      )}
    </div>
  );
}

const Cell = memo(function Cell({
  task,
  onOpen,
}: {
  task: Task | undefined;
  onOpen: (id: string) => void;
}) {
  const name = useActionName();
  if (!task) return <div className="cell" />;
  const link = task.imageUrl ?? (task.videoUrls[0]?.thumbnail || task.imageUrls[0]?.url);
  const shown = link && !/\.mp4\?/.test(link) ? link : '';
  const label = task.prompt || name(task.action);
  return (
    <button type="button" className="cell" onClick={() => onOpen(task.id)} title={label}>
      {shown ? (
        <img src={thumbnail(shown, THUMBNAIL)} alt={label} decoding="async" />
      ) : (
        <span className="cell-text">{label}</span>
      )}
      {task.status !== 'SUCCESS' && <StatusBadge status={task.status} />}
      {task.videoUrls.length > 0 && <Icon name="play" />}
    </button>
  );
});
