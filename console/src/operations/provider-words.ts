import type { ProviderView } from '../api/schema';
import type { Language } from '../i18n/words';
import chinese from '../i18n/zh/providers.json';

interface Said {
  title: string;
  about: string;
  options: Record<string, string>;
}

/** Chinese of the providers that come with gesso; others speak for themselves. */
const SAID: Partial<Record<string, Said>> = chinese;

function saidOf(name: string, language: Language): Said | undefined {
  return language === 'zh' ? SAID[name] : undefined;
}

export function titleOf(provider: ProviderView, language: Language): string {
  return saidOf(provider.name, language)?.title ?? provider.title;
}

export function aboutProvider(provider: ProviderView, language: Language): string {
  return saidOf(provider.name, language)?.about ?? provider.about;
}

/** What an option of a provider means. */
export function aboutOption(
  provider: string,
  option: { name: string; about: string },
  language: Language,
): string {
  return saidOf(provider, language)?.options[option.name] ?? option.about;
}
