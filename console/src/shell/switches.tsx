import { useLanguage } from '../i18n/language';
import { IconButton } from '../ui/button';
import { useTheme, type Theme } from '../ui/theme';

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const ICONS = { system: 'screen', light: 'sun', dark: 'moon' } as const;

/** The switches of theme and language. */
export function Switches() {
  const { t, switchLanguage } = useLanguage();
  const [theme, setTheme] = useTheme();
  return (
    <div className="row switches">
      <IconButton
        label={t(`theme.${theme}`)}
        icon={ICONS[theme]}
        onPress={() => setTheme(NEXT[theme])}
      />
      <button type="button" className="button ghost" onClick={switchLanguage}>
        {t('language.switch')}
      </button>
    </div>
  );
}
