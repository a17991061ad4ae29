import type { Language } from '../i18n/words';

function locale(language: Language): string {
  return language === 'zh' ? 'zh-CN' : 'en-GB';
}

/** A moment in the reader's time zone; an empty text for none. */
export function when(value: string | number | null | undefined, language: Language): string {
  if (value === null || value === undefined) return '';
  return new Date(value).toLocaleString(locale(language), {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
}

/** A moment that is near: the time alone, with the day where it is not today. */
export function soon(value: string | number, language: Language, now = new Date()): string {
  const moment = new Date(value);
  if (moment.toDateString() !== now.toDateString()) return when(value, language);
  return moment.toLocaleTimeString(locale(language), { timeStyle: 'short' });
}

/** How long ago a moment was, such as “3 min ago”. */
export function ago(value: string | number, language: Language, now = Date.now()): string {
  const seconds = Math.max(0, (now - new Date(value).getTime()) / 1000);
  const format = new Intl.RelativeTimeFormat(locale(language), { numeric: 'auto', style: 'short' });
  if (seconds < 45) return format.format(0, 'second');
  if (seconds < 3600) return format.format(-Math.round(seconds / 60), 'minute');
  if (seconds < 86400) return format.format(-Math.round(seconds / 3600), 'hour');
  return format.format(-Math.round(seconds / 86400), 'day');
}

export function count(value: number, language: Language): string {
  return value.toLocaleString(locale(language));
}

/** Dollars as they are written in the books, never rounded: `-1.50` becomes `−$1.50`. */
export function dollars(usd: string): string {
  return usd.startsWith('-') ? `−$${usd.slice(1)}` : `$${usd}`;
}

/** Nano-dollars as text without the zeros at the end, exactly. */
export function nanoDollars(nanos: number): string {
  const whole = Math.trunc(Math.abs(nanos) / 1e9);
  const rest = String(Math.abs(nanos) % 1e9).padStart(9, '0');
  const cents = rest.replace(/0+$/, '').padEnd(2, '0');
  return `${nanos < 0 ? '−' : ''}$${whole}.${cents}`;
}

/** Reads dollars as text into nano-dollars, exactly. */
export function readNanos(usd: string): number {
  const [whole = '0', rest = ''] = usd.replace('-', '').split('.');
  const nanos = Number(whole) * 1e9 + Number(rest.padEnd(9, '0').slice(0, 9));
  return usd.startsWith('-') ? -nanos : nanos;
}

export function seconds(from: number | null | undefined, to: number | null | undefined): string {
  return from && to ? `${((to - from) / 1000).toFixed(1)} s` : '';
}
