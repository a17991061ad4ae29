import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { say, type Language, type Translate } from './words';

const STORED = 'gesso.language';
/** How long after a failed fetch of the gateway's sentences the next one is made. */
const RETRY_MS = 10_000;

type Say = (...given: Parameters<Translate>) => string;

interface Choice {
  language: Language;
  t: Translate;
  switchLanguage: () => void;
}

const Context = createContext<Choice | null>(null);

/** Returns the language that was chosen before, else the browser's. */
export function firstLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === 'en' || stored === 'zh') return stored;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** Gives the language to everything inside. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    localStorage.setItem(STORED, language);
  }, [language]);
  const server = useServerWords(language);
  const choice = useMemo<Choice>(
    () => ({
      language,
      t: Object.assign<Say, Pick<Translate, 'server'>>(
        (word, values) => say(language, word, values),
        { server },
      ),
      switchLanguage: () => setLanguage((now) => (now === 'en' ? 'zh' : 'en')),
    }),
    [language, server],
  );
  return <Context value={choice}>{children}</Context>;
}

/** Fetches what the gateway says in Chinese for who reads Chinese; until it is there, texts stay. */
function useServerWords(language: Language): Translate['server'] {
  const [words, setWords] = useState<{ say: Translate['server'] }>({ say: undefined });
  const wanted = language === 'zh' && !words.say;
  useEffect(() => {
    if (!wanted) return undefined;
    let timer = 0;
    const load = () =>
      import('./messages').then(
        ({ inChinese }) => setWords({ say: inChinese }),
        () => {
          timer = window.setTimeout(load, RETRY_MS);
        },
      );
    void load();
    return () => window.clearTimeout(timer);
  }, [wanted]);
  return language === 'zh' ? words.say : undefined;
}

/** Returns the language, its translator and the switch. */
export function useLanguage(): Choice {
  const choice = useContext(Context);
  if (!choice) throw new Error('useLanguage needs a LanguageProvider');
  return choice;
}
