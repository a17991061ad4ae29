/** The flags that the studio has controls for; everything else in a prompt is left alone. */
export type FlagName = 'ar' | 'v' | 'niji' | 's' | 'c' | 'speed' | 'seed' | 'tile';

const DASHES = '(?:--|—)';
/** How each flag is written; the first group is its value. */
const PATTERNS: Record<FlagName, string> = {
  ar: `${DASHES}(?:ar|aspect)\\s+(\\d+:\\d+)`,
  v: `${DASHES}(?:v|version)\\s+([\\d.]+)`,
  niji: `${DASHES}niji(?:\\s+(\\d+))?`,
  s: `${DASHES}(?:s|stylize)\\s+(\\d+)`,
  c: `${DASHES}(?:c|chaos)\\s+(\\d+)`,
  speed: `${DASHES}(relax|fast|turbo)`,
  seed: `${DASHES}seed\\s+(\\d+)`,
  tile: `${DASHES}(tile)`,
};
/** A version and a niji version exclude each other. */
const RIVALS: Partial<Record<FlagName, FlagName>> = { v: 'niji', niji: 'v' };

function pattern(name: FlagName): RegExp {
  return new RegExp(`(?:^|\\s)${PATTERNS[name]}(?=\\s|$)`, 'gi');
}

/** Returns the value of a flag as it stands in a prompt, the last one; null without one. */
export function readFlag(prompt: string, name: FlagName): string | null {
  const found = [...prompt.matchAll(pattern(name))].at(-1);
  return found ? (found[1]?.toLowerCase() ?? 'on') : null;
}

function written(name: FlagName, value: string): string {
  if (name === 'speed') return `--${value}`;
  if (name === 'tile' || value === 'on') return `--${name}`;
  return `--${name} ${value}`;
}

/** Returns the prompt with the flag set to a value, or without it for null. */
export function writeFlag(prompt: string, name: FlagName, value: string | null): string {
  const old = [...prompt.matchAll(pattern(name))];
  if (value === null) return old.length ? prompt.replace(pattern(name), '').trim() : prompt;
  const rival = RIVALS[name];
  const base = rival ? writeFlag(prompt, rival, null) : prompt;
  const text = written(name, value);
  if (old.length === 1)
    return base.replace(pattern(name), (whole) => `${/^\s/.test(whole) ? ' ' : ''}${text}`);
  return `${base.replace(pattern(name), '').trimEnd()} ${text}`.trimStart();
}
