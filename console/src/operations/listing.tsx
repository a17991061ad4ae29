import type { ReactNode } from 'react';
import { useLanguage } from '../i18n/language';
import { Fault } from '../ui/fault';
import { Field } from '../ui/field';
import type { IconName } from '../ui/icon';
import { Empty } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { DataTable, type Column } from '../ui/table';
import { useList } from './desk';
import './operations.css';

interface Props<T> {
  label: string;
  icon: IconName;
  empty: string;
  emptyHint?: string;
  list: ReturnType<typeof useList<T>>;
  columns: readonly Column<T>[];
  keyOf: (row: T) => string | number;
  children?: ReactNode;
}

/** A list of the admin API as a table, or why there is none. */
export function Listing<T>({
  list,
  label,
  icon,
  empty,
  emptyHint,
  columns,
  keyOf,
  children,
}: Props<T>) {
  if (list.error && !list.rows)
    return <Fault error={list.error} retry={() => void list.refetch()} />;
  if (!list.rows) return <Skeleton />;
  if (!list.rows.length) {
    return (
      <Empty icon={icon} title={empty} {...(emptyHint ? { text: emptyHint } : {})}>
        {children}
      </Empty>
    );
  }
  return (
    <DataTable label={label} columns={columns} rows={list.rows} keyOf={keyOf} {...list.more} />
  );
}

/** Fields for a range of days. */
export function Days(props: {
  from: string;
  to: string;
  onFrom: (date: string) => void;
  onTo: (date: string) => void;
}) {
  const { t } = useLanguage();
  return (
    <>
      <Field
        label={t('gallery.from')}
        type="date"
        max={props.to}
        value={props.from}
        onValue={props.onFrom}
      />
      <Field
        label={t('gallery.to')}
        type="date"
        min={props.from}
        value={props.to}
        onValue={props.onTo}
      />
    </>
  );
}
