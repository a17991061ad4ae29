import { useState, type ButtonHTMLAttributes, type ReactNode } from 'react';
import { Icon, type IconName } from './icon';
import { useToast } from './toast';

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'onClick'> {
  kind?: 'plain' | 'primary' | 'danger' | 'ghost';
  icon?: IconName;
  busy?: boolean;
  /** What a press does; while it is not done the button is busy, and what it throws is told. */
  onPress?: () => unknown;
  children?: ReactNode;
}

/** A button that shows that it works, and says why it could not. */
export function Button({
  kind = 'plain',
  icon,
  busy = false,
  onPress,
  children,
  className = '',
  disabled,
  ...rest
}: Props) {
  const [working, setWorking] = useState(false);
  const { tellError } = useToast();
  const isBusy = busy || working;
  const press = async () => {
    if (isBusy) return;
    const result = onPress?.();
    if (!(result instanceof Promise)) return;
    setWorking(true);
    try {
      await result;
    } catch (error) {
      tellError(error);
    } finally {
      setWorking(false);
    }
  };
  return (
    <button
      type="button"
      {...rest}
      className={`button ${kind} ${children ? '' : 'square'} ${className}`}
      disabled={disabled}
      aria-busy={isBusy || undefined}
      onClick={onPress ? press : undefined}
    >
      {/* In the place of the icon, or over the text: the button keeps its width. */}
      {isBusy ? (
        <span className={`spinner ${icon ? 'in-place' : ''}`} aria-hidden="true" />
      ) : (
        icon && <Icon name={icon} />
      )}
      {children && <span className="label">{children}</span>}
    </button>
  );
}

/** A button of an icon alone; its label is read out and shown as a hint. */
export function IconButton({ label, ...rest }: Props & { label: string; icon: IconName }) {
  return <Button kind="ghost" {...rest} aria-label={label} title={label} />;
}
