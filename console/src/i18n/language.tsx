import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { say, type Language, type Translate } from './words';

const STORED = 'gesso.language';

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
  const choice = useMemo<Choice>(
    () => ({
      language,
      t: (word, values) => say(language, word, values),
      switchLanguage: () => setLanguage((now) => (now === 'en' ? 'zh' : 'en')),
    }),
    [language],
  );
  return <Context value={choice}>{children}</Context>;
}

/** Returns the language, its translator and the switch. */
export function useLanguage(): Choice {
  const choice = useContext(Context);
  if (!choice) throw new Error('useLanguage needs a LanguageProvider');
  return choice;
}
