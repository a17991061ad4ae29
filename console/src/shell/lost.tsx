import { useSyncExternalStore } from 'react';
import { isReached, subscribe } from '../api/connection';
import { useLanguage } from '../i18n/language';
import { Icon } from '../ui/icon';

/** Says over everything that the gateway cannot be reached, for as long as that lasts. */
export function Lost() {
  const { t } = useLanguage();
  const reached = useSyncExternalStore(subscribe, isReached);
  return (
    <div className="lost" role="status">
      {!reached && (
        <p>
          <Icon name="warning" />
          <span>{t('fault.lost')}</span>
          <span className="spinner" aria-hidden="true" />
        </p>
      )}
    </div>
  );
}
