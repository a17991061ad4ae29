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

const Context = createContext<Session | null>(null);

/** Holds who is logged in. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [me, setMe] = useState<Me | null>(null);
  const [state, setState] = useState<Session['state']>(currentSecret() ? 'checking' : 'out');
  const [expired, setExpired] = useState(false);

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
      if (error instanceof ApiError && error.status === 0) setState('unreachable');
      else forget();
    }
  }, [check, forget]);

  useEffect(() => {
    if (currentSecret()) void resume();
    const ended = () => {
      forget();
      setExpired(true);
    };
    window.addEventListener(LOGGED_OUT, ended);
    return () => window.removeEventListener(LOGGED_OUT, ended);
  }, [resume, forget]);

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
        void resume();
      },
      may: (permission) => me?.permissions.includes(permission) ?? false,
    }),
    [me, state, expired, enterWithKey, forget, resume],
  );
  return <Context value={session}>{children}</Context>;
}

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error('useSession needs a SessionProvider');
  return session;
}
