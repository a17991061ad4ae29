import { useLanguage } from '../i18n/language';
import { readFlag, writeFlag, type FlagName } from './flags';

const RATIOS = ['1:1', '4:3', '3:2', '16:9', '21:9', '3:4', '2:3', '9:16'];
const VERSIONS = ['8.2', '8.1', '8', '7', '6.1', '6', '5.2', '5.1', '5'];
const NIJIS = ['7', '6', '5'];
const SPEEDS = ['relax', 'fast', 'turbo'] as const;

interface Props {
  prompt: string;
  onPrompt: (prompt: string) => void;
}

function ChoiceChip(
  props: Props & { name: FlagName; options: readonly (readonly [string, string])[] },
) {
  const { t } = useLanguage();
  const { name, prompt, onPrompt } = props;
  const value = readFlag(prompt, name) ?? '';
  const known = props.options.some(([one]) => one === value) || !value;
  return (
    <label className={`chip ${value ? 'set' : ''}`}>
      <span>{t(`flag.${name}`)}</span>
      <select
        value={value}
        onChange={(event) => onPrompt(writeFlag(prompt, name, event.target.value || null))}
      >
        <option value="">{t('flag.default')}</option>
        {/* What was typed stays, also when it is none of the usual ones. */}
        {!known && <option value={value}>{value}</option>}
        {props.options.map(([one, label]) => (
          <option key={one} value={one}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function NumberChip({
  name,
  most,
  step,
  prompt,
  onPrompt,
}: Props & { name: 's' | 'c' | 'seed'; most: number; step: number }) {
  const { t } = useLanguage();
  const value = readFlag(prompt, name);
  return (
    <label className={`chip ${value === null ? '' : 'set'}`}>
      <span>{t(`flag.${name}`)}</span>
      <input
        type="number"
        inputMode="numeric"
        min={0}
        max={most}
        step={step}
        placeholder="–"
        className={name === 'seed' ? 'long' : ''}
        value={value ?? ''}
        onChange={(event) => {
          const digits = event.target.value.replace(/\D/g, '');
          const bounded = digits && String(Math.min(Number(digits), most));
          onPrompt(writeFlag(prompt, name, bounded || null));
        }}
      />
    </label>
  );
}

/** Controls of the usual flags; they are read from the text and written into it. */
export function Chips({ prompt, onPrompt }: Props) {
  const { t } = useLanguage();
  const both = { prompt, onPrompt };
  const same = (values: readonly string[]) => values.map((one) => [one, one] as const);
  const tile = readFlag(prompt, 'tile') !== null;
  return (
    <div className="chips" role="group" aria-label={t('prompt.flags')}>
      <ChoiceChip {...both} name="ar" options={same(RATIOS)} />
      <ChoiceChip {...both} name="v" options={same(VERSIONS)} />
      <ChoiceChip {...both} name="niji" options={[['on', '✓'], ...same(NIJIS)]} />
      <ChoiceChip
        {...both}
        name="speed"
        options={SPEEDS.map((one) => [one, t(`speed.${one}`)] as const)}
      />
      <NumberChip {...both} name="s" most={1000} step={50} />
      <NumberChip {...both} name="c" most={100} step={5} />
      <NumberChip {...both} name="seed" most={4294967295} step={1} />
      <button
        type="button"
        className={`chip ${tile ? 'set' : ''}`}
        aria-pressed={tile}
        onClick={() => onPrompt(writeFlag(prompt, 'tile', tile ? null : 'on'))}
      >
        {t('flag.tile')}
      </button>
    </div>
  );
}
