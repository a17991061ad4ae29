import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ApiError, currentSecret } from '../api/client';
import { fetchWays, goToIssuer, redeem, takeReturn } from '../api/issuer';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { sayServer, type Translate } from '../i18n/words';
import { Button } from '../ui/button';
import { explain } from '../ui/fault';

// Read once, before anything is shown: the address must not keep what the issuer sent. Who is in
// already stays who they are.
const answer = takeReturn();
const returned = currentSecret() ? null : answer;
let redeeming: Promise<string> | null = null;

/** Says why nobody was let in, by whichever door. */
export function explainLogin(error: unknown, t: Translate): string {
  if (!(error instanceof ApiError)) return explain(error, t);
  if (error.code === 'no_ticket') return t('login.noTicket');
  if (error.code === 'issuer_refused') {
    return t('login.issuerRefused', { reason: sayServer(error.message.slice(0, 300), t) });
  }
  return explain(error, t);
}

/** The door of an OpenID Connect issuer, where the gateway has one. */
export function IssuerLogin({ onFault }: { onFault: (fault: unknown) => void }) {
  const { t } = useLanguage();
  const { enterWithKey } = useSession();
  const { data: ways } = useQuery({ queryKey: ['ways'], queryFn: fetchWays, retry: false });
  const [busy, setBusy] = useState(returned !== null && redeeming === null);

  useEffect(() => {
    if (!returned || redeeming) return;
    redeeming = redeem(returned);
    redeeming.then(enterWithKey).catch((error: unknown) => {
      setBusy(false);
      onFault(error);
    });
  }, [enterWithKey, onFault]);

  if (!ways?.issuer) return null;
  const go = async () => {
    onFault(null);
    try {
      await goToIssuer();
    } catch (error) {
      onFault(error);
    }
  };
  return (
    <Button busy={busy} onPress={go}>
      {t('login.issuer', { name: ways.issuer })}
    </Button>
  );
}
