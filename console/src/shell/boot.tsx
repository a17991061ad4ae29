import { Skeleton } from '../ui/skeleton';

/** The frame before it is known who looks at it, as index.html draws it before any script. */
export function Boot() {
  return (
    <div className="shell">
      <div className="sidebar">
        <div className="brand">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          gesso
        </div>
      </div>
      <main>
        <div className="page">
          <div className="skeleton title" aria-hidden="true">
            <div />
          </div>
          <Skeleton />
        </div>
      </main>
    </div>
  );
}
