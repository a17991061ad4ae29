import type { OptionView } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { Field } from '../ui/field';
import { shownOption } from './channel-options';
import { aboutOption } from './provider-words';

interface Props {
  provider: string;
  options: readonly OptionView[];
  stored: Record<string, unknown>;
  /** What was typed, by the name of the option; what nobody touched is not in it. */
  typed: Record<string, string>;
  onTyped: (name: string, value: string) => void;
}

/** A field for everything that the provider declares; credentials first, and never shown. */
export function OptionFields({ provider, options, stored, typed, onTyped }: Props) {
  const { t, language } = useLanguage();
  const sorted = [...options].sort((a, b) => Number(b.secret) - Number(a.secret));
  return sorted.map((one) => {
    const about = aboutOption(provider, one, language).replaceAll('`', '');
    const kept = one.secret && one.name in stored;
    return (
      <Field
        key={`${provider}.${one.name}`}
        label={one.name}
        hint={kept ? `${about} ${t('channel.secretHint')}` : about}
        placeholder={one.default}
        spellCheck={false}
        {...(one.secret ? { type: 'password', autoComplete: 'new-password' } : {})}
        value={typed[one.name] ?? shownOption(stored[one.name])}
        onValue={(value) => onTyped(one.name, value)}
      />
    );
  });
}
