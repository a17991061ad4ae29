import { useQuery } from '@tanstack/react-query';
import { priceBook } from '../api/books';
import { readNanos } from '../ui/format';
import type { PriceList } from './price';

/** Returns the prices of tasks in nano-dollars; undefined until they are read. */
export function usePrices(): PriceList | undefined {
  const found = useQuery({
    queryKey: ['price-list'],
    queryFn: async () =>
      new Map(Object.entries((await priceBook()).tasks).map(([key, usd]) => [key, readNanos(usd)])),
    staleTime: 60_000,
  });
  return found.data;
}
