import { useCallback, useRef, useState } from 'react';
import { costOf } from './cost';
import { say, type Turn } from './stream';

/** A turn on screen; an answer has a cost once the books know it. */
export interface Line extends Turn {
  key: number;
  model: string;
  state: 'streaming' | 'done' | 'stopped' | 'failed';
  cost: string | null;
  tokens: number;
  error: unknown;
}

const QUIET = { model: '', state: 'done', cost: null, tokens: 0, error: null } as const;

/** A chat with one model after another, and what sends, stops and clears it. */
export function useConversation() {
  const [lines, setLines] = useState<Line[]>([]);
  const [busy, setBusy] = useState(false);
  const control = useRef<AbortController | null>(null);
  const last = useRef(0);

  const send = useCallback(
    async (model: string, text: string, pictures: string[]) => {
      const asked: Line = { ...QUIET, key: (last.current += 1), role: 'user', text, pictures };
      const key = (last.current += 1);
      const empty: Line = { ...QUIET, key, role: 'assistant', text: '', pictures: [], model };
      const change = (how: (line: Line) => Partial<Line>) =>
        setLines((now) => now.map((one) => (one.key === key ? { ...one, ...how(one) } : one)));
      const turns = [...lines.filter((one) => one.text || one.pictures.length), asked];
      setLines((now) => [...now, asked, { ...empty, state: 'streaming' }]);
      setBusy(true);
      control.current = new AbortController();
      const { signal } = control.current;
      let whole = '';
      try {
        const onText = (piece: string) => {
          whole += piece;
          change((line) => ({ text: line.text + piece }));
        };
        const answer = await say(model, turns, onText, signal);
        change(() => ({ state: 'done', tokens: answer.tokens }));
        const cost = await costOf(whole, answer.callId);
        change(() => ({ cost }));
      } catch (error) {
        change(() => (signal.aborted ? { state: 'stopped' } : { state: 'failed', error }));
      } finally {
        setBusy(false);
      }
    },
    [lines],
  );
  const stop = useCallback(() => control.current?.abort(), []);
  const clear = useCallback(() => {
    control.current?.abort();
    setLines([]);
  }, []);
  return { lines, busy, send, stop, clear };
}
