import type { AccountView, Money } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { isWord } from '../i18n/words';
import { dollars, when } from '../ui/format';
import type { Column } from '../ui/table';

/** The kinds of postings, as the books name them. */
export const VERBS = ['top_up', 'hold', 'capture', 'release', 'adjust'] as const;

/** Returns what a kind of posting is called. */
export function useVerb(): (verb: string) => string {
  const { t } = useLanguage();
  return (verb) => {
    const word = `ledger.verb.${verb}`;
    return isWord(word) ? t(word) : verb;
  };
}

/** An amount of money; with a sign where it changed what can be spent. */
export function Amount({ money, signed = false }: { money: Money; signed?: boolean }) {
  const plus = signed && money.nanos > 0;
  return (
    <span className={plus ? 'plus' : ''}>
      {plus && '+'}
      {dollars(money.usd)}
    </span>
  );
}

/** A book by the name of its account, such as “first / held”. */
export function Book({ name, accounts }: { name: string; accounts: readonly AccountView[] }) {
  const { t } = useLanguage();
  const [owner = '', book = ''] = name.split('/');
  const word = `ledger.book.${book}`;
  return (
    <span title={name}>
      {accounts.find((one) => one.id === owner)?.name ?? owner}{' '}
      <small>{isWord(word) ? t(word) : book}</small>
    </span>
  );
}

interface Posting {
  posted_at: string;
  verb: string;
}

/** Returns the columns that every list of postings begins with. */
export function usePostingColumns<T extends Posting>(): Column<T>[] {
  const { t, language } = useLanguage();
  const verb = useVerb();
  return [
    { name: t('ledger.at'), width: '11rem', cell: (one) => when(one.posted_at, language) },
    { name: t('ledger.verb'), width: '7rem', cell: (one) => verb(one.verb) },
  ];
}
