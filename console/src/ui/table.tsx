import { useWindowVirtualizer } from '@tanstack/react-virtual';
import {
  memo,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type CSSProperties,
  type ReactNode,
} from 'react';
import { useLanguage } from '../i18n/language';
import './table.css';

export interface Column<T> {
  name: string;
  /** Width as CSS grid takes it. */
  width?: string;
  align?: 'end';
  cell: (row: T) => ReactNode;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string | number;
  /** Called when the end comes into sight and there is more. */
  onMore?: (() => void) | undefined;
  loadingMore?: boolean;
}

const ROW = 45;

/** A table of any length: only rows in sight exist. On phones a row is a small card. */
export function DataTable<T>({ label, columns, rows, keyOf, onMore, loadingMore }: Props<T>) {
  const { t } = useLanguage();
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    if (body.current) setOffset(body.current.getBoundingClientRect().top + window.scrollY);
  }, [rows.length]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW,
    overscan: 8,
    scrollMargin: offset,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onMore && !loadingMore && last >= rows.length - 20) onMore();
  }, [last, rows.length, onMore, loadingMore]);
  const template = columns.map((column) => column.width ?? 'minmax(0, 1fr)').join(' ');
  return (
    <div
      className="table"
      role="table"
      aria-label={label}
      aria-rowcount={onMore ? -1 : rows.length + 1}
      style={{ '--columns': template } as CSSProperties}
    >
      <div className="table-head" role="rowgroup">
        <div role="row">
          {columns.map((column) => (
            <div key={column.name} role="columnheader" className={column.align ?? ''}>
              {column.name}
            </div>
          ))}
        </div>
      </div>
      <div
        ref={body}
        role="rowgroup"
        className="table-body"
        style={{ height: virtual.getTotalSize() }}
      >
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <Line
              key={item.key}
              row={row}
              index={item.index}
              top={item.start - offset}
              columns={columns}
              measure={virtual.measureElement}
            />
          );
        })}
      </div>
      {loadingMore && <p className="muted table-more">{t('is.loading')}</p>}
    </div>
  );
}

interface LineProps<T> {
  row: T;
  index: number;
  top: number;
  columns: readonly Column<T>[];
  measure: (element: HTMLElement | null) => void;
}

function BareLine<T>({ row, index, top, columns, measure }: LineProps<T>) {
  return (
    <div
      ref={measure}
      data-index={index}
      role="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${top}px)` }}
    >
      {columns.map((column) => (
        <div key={column.name} role="cell" className={column.align ?? ''}>
          <span className="cell-name" aria-hidden="true">
            {column.name}
          </span>
          <div>{column.cell(row)}</div>
        </div>
      ))}
    </div>
  );
}

/** Drawn once: scrolling moves the window over rows, it does not change them. */
const Line = memo(BareLine) as typeof BareLine;
