import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  type ReactNode,
} from 'react';
import {
  cancelTask,
  fetchTask,
  overBreaks,
  submit,
  type Accepted,
  type Button,
  type Task,
} from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { DialogSkeleton } from '../ui/dialog-skeleton';
import { later } from '../ui/later';
import { useToast } from '../ui/toast';
import { buttonName, childAction } from './button-names';
import { refreshCards, settleSending, showSending } from './feed';

const Answer = later(() => import('./answer'), DialogSkeleton);
const Lightbox = later(() => import('./lightbox'), DialogSkeleton);

interface Wish {
  path: string;
  body: object;
  prompt: string;
  action: string;
}

interface Actions {
  /** Submits something new; its card is on top at once. Raises ApiError for a refusal. */
  make: (wish: Wish) => Promise<Accepted>;
  press: (task: Task, button: Button) => Promise<void>;
  cancel: (task: Task) => Promise<void>;
  answer: (task: Task) => void;
  view: (task: Task, index: number) => void;
}

const Context = createContext<Actions | null>(null);

interface Props {
  children: ReactNode;
  /** Called with a task that was changed or made, where a page shows other than the feed. */
  onChange?: (task: Task) => void;
}

/** What can be done with tasks, with the dialogs that this needs. */
export function ActionsProvider({ children, onChange }: Props) {
  const queries = useQueryClient();
  const { t } = useLanguage();
  const { tell } = useToast();
  const [asking, setAsking] = useState<Task | null>(null);
  const [viewed, setViewed] = useState<{ task: Task; index: number } | null>(null);

  // What the next press needs is fetched while people look.
  useEffect(() => {
    const waiting = setTimeout(() => [Answer, Lightbox].forEach((one) => one.fetch()), 1500);
    return () => clearTimeout(waiting);
  }, []);

  const refresh = useCallback(
    async (id: string) => {
      const task = await fetchTask(id);
      refreshCards(queries, [task]);
      onChange?.(task);
      return task;
    },
    [queries, onChange],
  );

  const make = useCallback(
    async ({ path, body, prompt, action }: Wish) => {
      const key = showSending(queries, prompt, action);
      try {
        const accepted = await submit(path, body);
        // “Imagine all” answers with several ids.
        const ids = accepted.id.split(',');
        // Accepted and paid for: a broken connection must not make it look refused.
        const task = await overBreaks(() => fetchTask(ids[0] ?? accepted.id));
        settleSending(queries, key, task);
        if (ids.length > 1) await queries.invalidateQueries({ queryKey: ['feed'] });
        onChange?.(task);
        if (accepted.dialog) setAsking(task);
        return accepted;
      } catch (error) {
        settleSending(queries, key, null);
        throw error;
      }
    },
    [queries, onChange],
  );

  const press = useCallback(
    async (task: Task, button: Button) => {
      const body = { taskId: task.id, customId: button.customId };
      const path = '/mj/submit/action';
      if (button.customId.startsWith('MJ::BOOKMARK')) {
        await submit(path, body);
        await refresh(task.id);
        return;
      }
      const action = childAction(button.customId, task.action);
      const accepted = await make({ path, body, prompt: task.prompt, action });
      if (!accepted.dialog) {
        tell(t('task.sent', { label: buttonName(button, t) }), {
          label: t('task.show'),
          run: () => scrollTo({ top: 0, behavior: 'smooth' }),
        });
      }
    },
    [make, refresh, t, tell],
  );

  const actions = useMemo<Actions>(
    () => ({
      make,
      press,
      cancel: async (task) => {
        await cancelTask(task.id);
        await refresh(task.id);
      },
      answer: setAsking,
      view: (task, index) => setViewed({ task, index }),
    }),
    [make, press, refresh],
  );
  return (
    <Context value={actions}>
      {children}
      {asking && (
        <Answer
          task={asking}
          onClose={() => setAsking(null)}
          onAnswered={() => void refresh(asking.id)}
        />
      )}
      {viewed && <Lightbox {...viewed} onClose={() => setViewed(null)} />}
    </Context>
  );
}

export function useActions(): Actions {
  const actions = useContext(Context);
  if (!actions) throw new Error('useActions needs an ActionsProvider');
  return actions;
}
