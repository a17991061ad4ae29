import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from 'react';
import { useLanguage } from '../i18n/language';
import { explain } from './fault';
import { Icon } from './icon';

interface Toast {
  id: number;
  kind: 'done' | 'fault';
  text: string;
  action?: { label: string; run: () => void };
}

interface Toasts {
  tell: (text: string, action?: Toast['action']) => void;
  tellError: (error: unknown) => void;
}

const Context = createContext<Toasts | null>(null);
const SHOWN_MS = { done: 4000, fault: 9000 };
let last = 0;

/** Shows short messages above everything. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Toast[]>([]);
  const { t } = useLanguage();
  const close = useCallback(
    (id: number) => setShown((now) => now.filter((toast) => toast.id !== id)),
    [],
  );
  const show = useCallback(
    (toast: Omit<Toast, 'id'>) => {
      last += 1;
      const id = last;
      setShown((now) => [...now.slice(-3), { ...toast, id }]);
      setTimeout(() => close(id), SHOWN_MS[toast.kind]);
    },
    [close],
  );
  const region = useRef<HTMLElement>(null);
  useEffect(() => {
    // Shown anew, so that it stands above dialogs that were opened in the meantime.
    if (region.current?.matches(':popover-open')) region.current.hidePopover();
    if (shown.length) region.current?.showPopover();
  }, [shown]);
  const toasts = useMemo<Toasts>(
    () => ({
      tell: (text, action) => show({ kind: 'done', text, ...(action ? { action } : {}) }),
      tellError: (error) => show({ kind: 'fault', text: explain(error, t) }),
    }),
    [show, t],
  );
  return (
    <Context value={toasts}>
      {children}
      <section
        ref={region}
        popover="manual"
        className="toasts"
        aria-label={t('toast.region')}
        aria-live="polite"
      >
        {shown.map((toast) => (
          <div key={toast.id} className={`toast ${toast.kind}`} role="status">
            <Icon name={toast.kind === 'done' ? 'check' : 'warning'} />
            <span>{toast.text}</span>
            {toast.action && (
              <button type="button" className="link" onClick={toast.action.run}>
                {toast.action.label}
              </button>
            )}
            <button
              type="button"
              className="bare"
              aria-label={t('do.close')}
              onClick={() => close(toast.id)}
            >
              <Icon name="close" size={14} />
            </button>
          </div>
        ))}
      </section>
    </Context>
  );
}

export function useToast(): Toasts {
  const toasts = useContext(Context);
  if (!toasts) throw new Error('useToast needs a ToastProvider');
  return toasts;
}
