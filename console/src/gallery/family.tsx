import { useQuery } from '@tanstack/react-query';
import { familyOf, type Branch } from '../api/books';
import { tasksByIds, thumbnail, type Task } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { StatusBadge, useActionName } from '../studio/task-card';

interface Kin {
  root: Branch;
  /** Tasks by the face of their id that the tree shows. */
  tasks: Map<string, Task>;
}

function idsOf(branch: Branch): string[] {
  return [branch.id, ...branch.children.flatMap(idsOf)];
}

async function readKin(id: string): Promise<Kin> {
  const root = await familyOf(id);
  const ids = idsOf(root);
  if (ids.length < 2) return { root, tasks: new Map() };
  const found = await tasksByIds(ids);
  return { root, tasks: new Map(found.map((task) => [task.taskId, task])) };
}

/** Where a task comes from and what was made of it, as a tree. */
export function Family({ task, onOpen }: { task: Task; onOpen: (id: string) => void }) {
  const { t } = useLanguage();
  const found = useQuery({
    queryKey: ['family', task.id, task.status],
    queryFn: () => readKin(task.id),
  });
  if (!found.data?.root.children.length) return null;
  return (
    <section className="stack" aria-label={t('gallery.lineage')}>
      <h3>{t('gallery.lineage')}</h3>
      <ul className="family">
        <Twig of={found.data.root} kin={found.data} shown={task.id} onOpen={onOpen} />
      </ul>
    </section>
  );
}

interface TwigProps {
  of: Branch;
  kin: Kin;
  shown: string;
  onOpen: (id: string) => void;
}

function Twig({ of, kin, shown, onOpen }: TwigProps) {
  const name = useActionName();
  const task = kin.tasks.get(of.id);
  if (!task) return null;
  const link = task.imageUrl ?? task.videoUrls[0]?.thumbnail;
  return (
    <li>
      <button
        type="button"
        className="bare twig"
        aria-current={task.id === shown ? 'true' : undefined}
        onClick={() => onOpen(task.id)}
      >
        {link && !link.includes('.mp4?') ? (
          <img src={thumbnail(link, 384)} alt="" loading="lazy" />
        ) : (
          <span className="blank" />
        )}
        <span>
          {name(task.action)} {of.index !== null && <small>#{of.index}</small>}
        </span>
        {task.status !== 'SUCCESS' && <StatusBadge status={task.status} />}
      </button>
      {of.children.length > 0 && (
        <ul>
          {of.children.map((child) => (
            <Twig key={child.id} of={child} kin={kin} shown={shown} onOpen={onOpen} />
          ))}
        </ul>
      )}
    </li>
  );
}
