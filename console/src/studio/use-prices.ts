import { useQuery } from '@tanstack/react-query';
import { call } from '../api/client';
import type { PagePriceView, PriceView } from '../api/schema';
import { ADMIN, useSession } from '../api/session';
import type { PriceList } from './price';

/** Returns every price; raises ApiError when the role may not read them. */
async function readPrices(): Promise<PriceList> {
  const rows: PriceView[] = [];
  let cursor = '';
  do {
    const page = await call<PagePriceView>(
      'GET',
      `${ADMIN}/prices?limit=500&cursor=${encodeURIComponent(cursor)}`,
    );
    rows.push(...page.items);
    cursor = page.next ?? '';
  } while (cursor);
  return new Map(rows.map((row) => [row.key, row.price.nanos]));
}

/** The price list for roles that may read it; undefined for others. */
export function usePrices(): PriceList | undefined {
  const { may } = useSession();
  const allowed = may('read');
  const found = useQuery({
    queryKey: ['price-list'],
    queryFn: readPrices,
    enabled: allowed,
    staleTime: 60_000,
  });
  return allowed ? found.data : undefined;
}
