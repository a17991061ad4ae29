import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from 'react';
import { useLanguage } from '../i18n/language';

interface Shell {
  label: string;
  hint?: string;
  error?: string;
  optional?: boolean;
}

function Frame({
  id,
  label,
  hint,
  error,
  optional,
  children,
}: Shell & { id: string; children: ReactNode }) {
  const { t } = useLanguage();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional && <small> ({t('field.optional')})</small>}
      </label>
      {children}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
      {error && (
        <small className="fault" role="alert">
          {error}
        </small>
      )}
    </div>
  );
}

type InputProps = Shell &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> & {
    value: string;
    onValue: (value: string) => void;
  };

/** A labelled input. */
export function Field({ label, hint, error, optional, onValue, ...rest }: InputProps) {
  const id = useId();
  return (
    <Frame
      id={id}
      label={label}
      {...(hint ? { hint } : {})}
      {...(error ? { error } : {})}
      optional={optional ?? false}
    >
      <input
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        aria-invalid={error ? true : undefined}
        {...rest}
        onChange={(event) => onValue(event.target.value)}
      />
    </Frame>
  );
}

type SelectProps = Shell &
  Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange' | 'value'> & {
    value: string;
    options: readonly (readonly [value: string, label: string])[];
    onValue: (value: string) => void;
  };

/** A labelled choice. */
export function Select({ label, hint, error, optional, options, onValue, ...rest }: SelectProps) {
  const id = useId();
  return (
    <Frame
      id={id}
      label={label}
      {...(hint ? { hint } : {})}
      {...(error ? { error } : {})}
      optional={optional ?? false}
    >
      <select id={id} {...rest} onChange={(event) => onValue(event.target.value)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Frame>
  );
}

/** A switch with its label beside it. */
export function Switch(props: {
  label: string;
  on: boolean;
  onTurn: (on: boolean) => void;
  hint?: string;
}) {
  const id = useId();
  return (
    <div className="switch">
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={props.on}
        onChange={(event) => props.onTurn(event.target.checked)}
      />
      <label htmlFor={id}>
        {props.label}
        {props.hint && <small>{props.hint}</small>}
      </label>
    </div>
  );
}

/** One of a few, side by side. */
export function Segments<T extends string>(props: {
  label: string;
  value: T;
  options: readonly (readonly [value: T, label: string])[];
  onValue: (value: T) => void;
}) {
  return (
    <div className="segments" role="group" aria-label={props.label}>
      {props.options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onValue(value)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
