import { useState, type ReactNode } from 'react';
import { useLanguage } from '../i18n/language';
import { Button } from './button';

interface Props {
  /** The field that most people look for. */
  children: ReactNode;
  /** All others; on phones they wait behind a button. */
  more?: ReactNode;
  /** What is set of the others, so that it is known while they are hidden. */
  values?: readonly (string | undefined)[];
  /** Buttons that stand behind the fields. */
  actions?: ReactNode;
}

/** Fields that choose what a list shows. */
export function Filters({ children, more, values = [], actions }: Props) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  const set = values.filter(Boolean).length;
  return (
    <div className={`filters ${open ? 'open' : ''}`} role="search">
      {children}
      {more && (
        <Button
          className="filters-toggle"
          icon="filter"
          aria-expanded={open}
          onPress={() => setOpen(!open)}
        >
          {t('do.filter')}
          {set > 0 && ` (${set})`}
        </Button>
      )}
      {more && <div className="filters-more">{more}</div>}
      {actions}
    </div>
  );
}
