import { useEffect, type ReactNode } from 'react';
import { Icon, type IconName } from './icon';

/** The frame of a page: its title, what can be done there, and the content. */
export function Page(props: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  hidden?: boolean;
}) {
  useEffect(() => {
    document.title = `${props.title} · gesso`;
  }, [props.title]);
  return (
    <div className="page">
      <header className="page-head">
        <h1 className={props.hidden ? 'unseen' : ''}>{props.title}</h1>
        {props.actions && <div className="row">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}

/** What stands where nothing is yet, and what to do about it. */
export function Empty(props: {
  icon: IconName;
  title: string;
  text?: string;
  children?: ReactNode;
}) {
  return (
    <div className="empty">
      <Icon name={props.icon} size={28} />
      <h2>{props.title}</h2>
      {props.text && <p>{props.text}</p>}
      {props.children}
    </div>
  );
}

/** A small coloured word. */
export function Badge({
  tone = 'plain',
  children,
}: {
  tone?: 'plain' | 'good' | 'bad' | 'busy' | 'wait';
  children: ReactNode;
}) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

/** A number with its name. */
export function Figure({
  label,
  value,
  tone,
}: {
  label: string;
  value: ReactNode;
  tone?: 'good' | 'bad';
}) {
  return (
    <div className="figure">
      <span>{label}</span>
      <strong className={tone ?? ''}>{value}</strong>
    </div>
  );
}
