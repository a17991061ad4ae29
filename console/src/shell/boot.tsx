import { Skeleton } from '../ui/skeleton';

/** The frame before it is known who looks at it; index.html shows the same before any script. */
export function Boot() {
  return (
    <div className="shell">
      <div className="sidebar" />
      <main>
        <div className="page">
          <Skeleton shape="figures" />
          <Skeleton shape="table" />
        </div>
      </main>
    </div>
  );
}
