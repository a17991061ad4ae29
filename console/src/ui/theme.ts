import { useEffect, useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';
const STORED = 'gesso.theme';

/** Returns the chosen theme and its setter; `system` follows the machine. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const stored = localStorage.getItem(STORED);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  });
  useEffect(() => {
    if (theme === 'system') {
      localStorage.removeItem(STORED);
      delete document.documentElement.dataset['theme'];
    } else {
      localStorage.setItem(STORED, theme);
      document.documentElement.dataset['theme'] = theme;
    }
  }, [theme]);
  return [theme, setTheme];
}
