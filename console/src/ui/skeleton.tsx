import { useLanguage } from '../i18n/language';

/** What will stand here: its rough shape keeps the page from jumping when it comes. */
export type Shape = 'table' | 'figures' | 'cards' | 'grid' | 'form' | 'steps';

const PARTS: Record<Shape, number> = {
  table: 8,
  figures: 4,
  cards: 6,
  grid: 15,
  form: 3,
  steps: 4,
};

/** Grey shapes in the place of something that is being loaded, which is also said. */
export function Skeleton({ shape = 'table' }: { shape?: Shape }) {
  const { t } = useLanguage();
  return (
    <div className={`loading skeleton ${shape}`} role="status">
      <span className="unseen">{t('is.loading')}</span>
      {Array.from({ length: PARTS[shape] }, (_, index) => (
        <div key={index} aria-hidden="true" />
      ))}
    </div>
  );
}
