import type { AccountView } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { Select } from '../ui/field';

interface Props {
  accounts: readonly AccountView[];
  value: string;
  onValue: (account: string) => void;
  /** Whether all accounts together may be chosen too. */
  all?: boolean;
}

/** The choice of an account by its name. */
export function AccountSelect({ accounts, value, onValue, all = false }: Props) {
  const { t } = useLanguage();
  const every = all ? [['', t('is.all')] as const] : [];
  return (
    <Select
      label={t('key.account')}
      value={value}
      options={[...every, ...accounts.map((one) => [one.id, one.name] as const)]}
      onValue={onValue}
    />
  );
}
