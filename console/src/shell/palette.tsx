import { useMemo, useState, type KeyboardEvent } from 'react';
import { useLocation } from 'wouter';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Dialog } from '../ui/dialog';
import { Icon, type IconName } from '../ui/icon';
import { useTheme } from '../ui/theme';
import { usePages } from './navigation';

interface Command {
  name: string;
  icon: IconName;
  hint?: string;
  run: () => void;
}

function useCommands(text: string): Command[] {
  const { t, switchLanguage } = useLanguage();
  const pages = usePages();
  const { leave } = useSession();
  const [, go] = useLocation();
  const [, setTheme] = useTheme();
  return useMemo(() => {
    const commands: Command[] = [
      { name: t('command.write'), icon: 'studio', hint: '/', run: () => go('/?write=1') },
      ...pages.map((page) => ({
        name: t(page.word),
        icon: page.icon,
        hint: `g ${page.key}`,
        run: () => go(page.path),
      })),
      { name: t('theme.light'), icon: 'sun', run: () => setTheme('light') },
      { name: t('theme.dark'), icon: 'moon', run: () => setTheme('dark') },
      { name: t('theme.system'), icon: 'screen', run: () => setTheme('system') },
      { name: t('language.switch'), icon: 'text', run: switchLanguage },
      { name: t('nav.docs'), icon: 'docs', run: () => location.assign('/docs') },
      { name: t('login.out'), icon: 'out', run: () => void leave() },
    ];
    const wanted = text.trim().toLowerCase();
    const found = commands.filter((one) => one.name.toLowerCase().includes(wanted));
    if (/^(\d{16}|task_\w+)$/i.test(wanted)) {
      const name = t('command.task', { id: text.trim() });
      found.unshift({ name, icon: 'image', run: () => go(`/gallery?task=${text.trim()}`) });
    }
    return found;
  }, [text, t, pages, go, setTheme, switchLanguage, leave]);
}

/** Everything by its name, at a key press. */
export function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = useCommands(text);
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step && found.length) {
      event.preventDefault();
      setChosen((now) => (now + step + found.length) % found.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found[chosen]);
    }
  };
  return (
    <Dialog title={t('command.open')} onClose={onClose}>
      <input
        className="palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant={found[chosen] ? `command-${chosen}` : undefined}
        aria-label={t('command.placeholder')}
        placeholder={t('command.placeholder')}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <ul id="commands" role="listbox" aria-label={t('command.open')} className="palette-list">
        {found.map((command, index) => (
          // The keyboard chooses through the input above, as this pattern asks.
          <li
            key={command.name}
            id={`command-${index}`}
            role="option"
            aria-selected={index === chosen}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(command)}
          >
            <Icon name={command.icon} />
            <span>{command.name}</span>
            {command.hint && <kbd>{command.hint}</kbd>}
          </li>
        ))}
      </ul>
      {!found.length && <p className="muted">{t('command.none', { text })}</p>}
    </Dialog>
  );
}
