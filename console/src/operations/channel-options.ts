type Values = Record<string, unknown>;

/** What stands for a credential that is stored and never shown. */
export const MASK = '***';

/** Returns an option as the text of its field; a list or an object as JSON. */
export function shownOption(value: unknown): string {
  if (value === undefined || value === null || value === MASK) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Reads the text of a field: JSON where it looks like a list or an object, else the text. */
export function readOption(text: string): unknown {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return trimmed;
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return trimmed;
  }
}

/** Returns the options that the provider does not declare, as the text of the last field. */
export function otherOptions(options: Values, declared: readonly string[]): string {
  const rest = Object.entries(options).filter(([name]) => !declared.includes(name));
  return rest.length ? JSON.stringify(Object.fromEntries(rest), null, 1) : '';
}

/** Reads a JSON object; returns null for anything else. */
export function readObject(text: string): Values | null {
  try {
    const found: unknown = JSON.parse(text.trim() || '{}');
    return found && typeof found === 'object' && !Array.isArray(found) ? (found as Values) : null;
  } catch {
    return null;
  }
}

/**
 * Returns the options to store: what was typed into the fields over what is stored. A field that
 * nobody touched keeps its value, a credential too; one that was emptied goes.
 */
export function mergedOptions(
  stored: Values,
  typed: Record<string, string>,
  others: Values,
): Values {
  const kept = Object.entries(stored).filter(([name]) => !(name in typed));
  const given = Object.entries(typed)
    .filter(([, text]) => text.trim())
    .map(([name, text]) => [name, readOption(text)] as const);
  return { ...others, ...Object.fromEntries(kept), ...Object.fromEntries(given) };
}
