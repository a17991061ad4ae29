import { useEffect, useId, useRef, type ReactNode } from 'react';
import { useLanguage } from '../i18n/language';
import { Button, IconButton } from './button';

const FIELD = '.dialog-content :is(input:not([type=file]), textarea, select)';

interface Props {
  title: string;
  onClose: () => void;
  kind?: 'middle' | 'side' | 'wide' | 'full';
  children: ReactNode;
  footer?: ReactNode;
}

/**
 * A modal dialog over the browser's own: focus is kept inside, Escape closes it, and it needs
 * no styles at run time, which the content policy would refuse.
 */
export function Dialog({ title, onClose, kind = 'middle', children, footer }: Props) {
  const { t } = useLanguage();
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    // The browser would choose the button that closes.
    dialog?.querySelector<HTMLElement>(FIELD)?.focus();
    document.documentElement.classList.add('under-dialog');
    return () => {
      dialog?.close();
      if (!document.querySelector('dialog[open]')) {
        document.documentElement.classList.remove('under-dialog');
      }
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog ${kind}`}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="dialog-body">
        <header>
          <h2 id={heading}>{title}</h2>
          <IconButton label={t('do.close')} icon="close" onPress={onClose} />
        </header>
        <div className="dialog-content">{children}</div>
        {footer && <footer>{footer}</footer>}
      </div>
    </dialog>
  );
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog(props: {
  title: string;
  text: string;
  label: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}) {
  const { t } = useLanguage();
  return (
    <Dialog
      title={props.title}
      onClose={props.onClose}
      footer={
        <>
          <Button onPress={props.onClose}>{t('do.cancel')}</Button>
          <Button
            kind="danger"
            onPress={async () => {
              await props.onConfirm();
              props.onClose();
            }}
          >
            {props.label}
          </Button>
        </>
      }
    >
      <p>{props.text}</p>
    </Dialog>
  );
}
