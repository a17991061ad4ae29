import { useCallback, useState } from 'react';
import type { Shape } from './shapes';

/** What was painted, with undo and redo. */
export function useHistory() {
  const [state, setState] = useState<{ done: Shape[]; undone: Shape[] }>({ done: [], undone: [] });
  const add = useCallback(
    (shape: Shape) => setState(({ done }) => ({ done: [...done, shape], undone: [] })),
    [],
  );
  const undo = useCallback(
    () =>
      setState(({ done, undone }) => {
        const last = done.at(-1);
        return last ? { done: done.slice(0, -1), undone: [...undone, last] } : { done, undone };
      }),
    [],
  );
  const redo = useCallback(
    () =>
      setState(({ done, undone }) => {
        const next = undone.at(-1);
        return next ? { done: [...done, next], undone: undone.slice(0, -1) } : { done, undone };
      }),
    [],
  );
  const { done, undone } = state;
  return { shapes: done, add, undo, redo, canUndo: done.length > 0, canRedo: undone.length > 0 };
}
