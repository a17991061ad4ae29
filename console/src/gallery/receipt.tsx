import { useQuery } from '@tanstack/react-query';
import { taskReceipt } from '../api/books';
import { isFinal, type Task } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { useVerb } from '../operations/ledger-parts';
import { Fault } from '../ui/fault';
import { dollars, when } from '../ui/format';
import { Skeleton } from '../ui/skeleton';

/** What a task cost, posting by posting. */
export function Receipt({ task }: { task: Task }) {
  const { t, language } = useLanguage();
  const found = useQuery({
    queryKey: ['receipt', task.id, isFinal(task)],
    queryFn: () => taskReceipt(task.id),
  });
  const verb = useVerb();
  if (found.error) return <Fault error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Skeleton shape="form" />;
  const { entries, held, charged, released, open, price_key: priceKey } = found.data;
  const sums = [
    ['receipt.held', held],
    ['receipt.charged', charged],
    ['receipt.released', released],
    ['receipt.open', open],
  ] as const;
  return (
    <section className="stack receipt" aria-label={t('receipt.title')}>
      <h3>{t('receipt.title')}</h3>
      {!entries.length && <p className="muted">{t('receipt.none')}</p>}
      {entries.length > 0 && (
        <>
          <dl className="facts">
            {sums.map(([word, usd]) => (
              <div key={word}>
                <dt>{t(word)}</dt>
                <dd>{dollars(usd)}</dd>
              </div>
            ))}
          </dl>
          <ul>
            {entries.map((one) => (
              <li key={one.reference} className="row spread">
                <span>
                  {verb(one.verb)} <small>{when(one.posted_at * 1000, language)}</small>
                </span>
                <span>{dollars(one.amount)}</span>
              </li>
            ))}
          </ul>
          <small className="mono">{priceKey}</small>
        </>
      )}
    </section>
  );
}
