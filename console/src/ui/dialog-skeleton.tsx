import { useLanguage } from '../i18n/language';
import { Dialog } from './dialog';
import { Skeleton } from './skeleton';

/** A dialog whose content is still being fetched; it can be closed already. */
export function DialogSkeleton({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  return (
    <Dialog title={t('is.loading')} onClose={onClose}>
      <Skeleton shape="form" />
    </Dialog>
  );
}
