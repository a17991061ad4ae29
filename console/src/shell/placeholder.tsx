import { useLanguage } from '../i18n/language';
import type { Word } from '../i18n/words';
import { Page } from '../ui/page';
import { Skeleton, type Shape } from '../ui/skeleton';

/** Returns what stands in the place of a page while its code is fetched: its title and shape. */
export function placeholder(word: Word, shapes: readonly Shape[]) {
  return function Placeholder() {
    const { t } = useLanguage();
    return (
      <Page title={t(word)} hidden={word === 'nav.studio'}>
        {shapes.map((shape) => (
          <Skeleton key={shape} shape={shape} />
        ))}
      </Page>
    );
  };
}
