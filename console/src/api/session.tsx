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
import { untilReached } from './connection';
import { ApiError, call, currentSecret, keepSecret, LOGGED_OUT } from './client';
import type { KeyWithSecret, Me, Permission } from './schema';

export const ADMIN = '/admin/api/v1';

interface Session {
  me: Me | null;
  state: 'checking' | 'out' | 'in' | 'unreachable';
  expired: boolean;
  enterWithKey: (key: string) => Promise<void>;
  enterWithPassword: (name: string, password: string) => Promise<void>;
  leave: () => Promise<void>;
  retry: () => void;
  may: (permission: Permission) => boolean;
}

/** The longest that a timer of a browser can wait, about 25 days. */
const FOREVER_MS = 2 ** 31 - 1;

const Context = createContext<Session | null>(null);

/** Holds who is logged in. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [me, setMe] = useState<Me | null>(null);
  const [state, setState] = useState<Session['state']>(currentSecret() ? 'checking' : 'out');
  const [expired, setExpired] = useState(false);
  const [tries, setTries] = useState(0);

  const forget = useCallback(() => {
    keepSecret('');
    queries.clear();
    setMe(null);
    setState('out');
  }, [queries]);

  const check = useCallback(async () => {
    setMe(await call<Me>('GET', `${ADMIN}/me`));
    setState('in');
    setExpired(false);
  }, []);

  const enterWithKey = useCallback(
    async (key: string) => {
      keepSecret(key);
      try {
        await check();
      } catch (error) {
        forget();
        setExpired(false);
        throw error;
      }
    },
    [check, forget],
  );

  const resume = useCallback(async () => {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0) {
        forget();
        return;
      }
      setState('unreachable');
      if (await untilReached(FOREVER_MS)) setTries((now) => now + 1);
    }
  }, [check, forget]);

  useEffect(() => {
    if (currentSecret()) void resume();
  }, [resume, tries]);

  useEffect(() => {
    const ended = () => {
      forget();
      setExpired(true);
    };
    window.addEventListener(LOGGED_OUT, ended);
    return () => window.removeEventListener(LOGGED_OUT, ended);
  }, [forget]);

  const session = useMemo<Session>(
    () => ({
      me,
      state,
      expired,
      enterWithKey,
      enterWithPassword: async (name, password) => {
        const body = { name, password };
        const made = await call<KeyWithSecret>('POST', `${ADMIN}/login`, { body });
        await enterWithKey(made.secret);
      },
      leave: async () => {
        // Only a login's own key ends with it; a key that was typed in goes on elsewhere.
        if (me?.key.user && me.key.expires_at) await call('POST', `${ADMIN}/logout`);
        forget();
      },
      retry: () => {
        setState('checking');
        setTries((now) => now + 1);
      },
      may: (permission) => me?.permissions.includes(permission) ?? false,
    }),
    [me, state, expired, enterWithKey, forget],
  );
  return <Context value={session}>{children}</Context>;
}

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error('useSession needs a SessionProvider');
  return session;
}
