import { nanoDollars } from '../ui/format';
import { readFlag } from './flags';

export type PriceList = ReadonlyMap<string, number>;

/** Returns the nano-dollars of an action: the most precise key of the list wins. */
export function quote(
  prices: PriceList,
  action: string,
  version: string,
  speed: string,
): number | undefined {
  const lane = speed === 'relax' ? '' : `-${speed}`;
  const model = version && `-${version}`;
  const keys = [
    `midjourney@${action}${model}${lane}`,
    `midjourney@${action}${model}`,
    `midjourney@${action}${lane}`,
    `midjourney@${action}`,
    'midjourney',
  ];
  const key = keys.find((one) => prices.has(one));
  return key === undefined ? undefined : prices.get(key);
}

/** Returns the price of a prompt as text, for showing before it is sent; '' when unknown. */
export function priceOf(prices: PriceList | undefined, action: string, prompt = ''): string {
  if (!prices) return '';
  const niji = readFlag(prompt, 'niji');
  const v = readFlag(prompt, 'v');
  const version = niji ? `niji${niji === 'on' ? '7' : niji}` : v ? `v${v}` : '';
  const nanos = quote(prices, action, version, readFlag(prompt, 'speed') ?? 'fast');
  return nanos === undefined ? '' : nanoDollars(nanos);
}
