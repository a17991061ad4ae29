import { useQuery } from '@tanstack/react-query';
import type { ComponentType, FunctionComponent } from 'react';
import { ApiError } from '../api/client';
import { heardNothing } from '../api/connection';
import { Fault } from './fault';

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

type Later<P> = FunctionComponent<P> & {
  /** Fetches it now, so that it is there when it is wanted; failing does not matter yet. */
  fetch: () => void;
};

let parts = 0;

/** Tells a connection that broke from a gateway that has another build by now. */
async function fetchPart<P>(load: Load<P>): Promise<{ Part: ComponentType<P> }> {
  try {
    return { Part: (await load()).default };
  } catch {
    const alive = await fetch('/healthz', { cache: 'no-store' }).catch(() => null);
    if (alive) throw new ApiError(404, 'outdated', 'outdated');
    heardNothing();
    throw new ApiError(0, 'network', 'network');
  }
}

/**
 * Returns a part of the console that is fetched when it is first shown, with what stands in its
 * place meanwhile. Unlike React's own way, a fetch that failed is made again.
 */
export function later<P extends object>(load: Load<P>, Meanwhile: ComponentType<P>): Later<P> {
  parts += 1;
  const queryKey = ['part', parts];
  function Shown(props: P) {
    const found = useQuery({
      queryKey,
      queryFn: () => fetchPart(load),
      staleTime: Infinity,
      gcTime: Infinity,
    });
    if (found.error) return <Fault error={found.error} retry={() => void found.refetch()} />;
    if (!found.data) return <Meanwhile {...props} />;
    const { Part } = found.data;
    return <Part {...props} />;
  }
  return Object.assign(Shown, { fetch: () => void load().catch(() => undefined) });
}
