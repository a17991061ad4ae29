import { useQuery } from '@tanstack/react-query';
import { ownBalance } from '../api/books';
import { call } from '../api/client';
import type { AccountView } from '../api/schema';
import { ADMIN, useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { dollars, when } from '../ui/format';
import { Badge, Figure, Page } from '../ui/page';

/** Who one is, what the key may do, and how much is left. */
export default function AccountPage() {
  const { me, may } = useSession();
  const { t, language } = useLanguage();
  const account = useQuery({
    queryKey: ['account', me?.key.account],
    queryFn: () => call<AccountView>('GET', `${ADMIN}/accounts/${me?.key.account ?? ''}`),
    enabled: Boolean(me) && may('read'),
  });
  // Members may not read accounts, but they may know what is left of their own.
  const balance = useQuery({
    queryKey: ['balance'],
    queryFn: ownBalance,
    enabled: Boolean(me) && !may('read'),
  });
  if (!me) return null;
  const { key } = me;
  const rows: [string, string][] = [
    [t('key.hint'), key.hint],
    [t('key.account'), key.account],
    [t('key.role'), t(`role.${key.role}`)],
    [t('key.created'), when(key.created_at, language)],
    [t('key.expires'), key.expires_at ? when(key.expires_at, language) : t('is.never')],
    [t('key.rate'), key.rate_per_minute ? String(key.rate_per_minute) : t('is.unlimited')],
    [t('key.concurrency'), key.concurrency ? String(key.concurrency) : t('is.unlimited')],
    [t('key.actions'), key.actions.join(', ') || t('is.all')],
    [t('key.networks'), key.networks.join(', ') || t('is.all')],
  ];
  return (
    <Page title={t('nav.account')}>
      <div className="figures">
        {account.data && (
          <>
            <Figure label={t('account.available')} value={dollars(account.data.available.usd)} />
            <Figure label={t('account.held')} value={dollars(account.data.held.usd)} />
          </>
        )}
        {balance.data && (
          <Figure
            label={t('account.available')}
            value={dollars(String(balance.data.remain_balance))}
          />
        )}
        {!account.data && !balance.data && <Figure label={t('account.available')} value="–" />}
        <Figure label={t('key.spent')} value={dollars(key.spent.usd)} />
        <Figure
          label={t('key.limit')}
          value={key.spend_limit ? dollars(key.spend_limit.usd) : t('is.unlimited')}
        />
      </div>
      <section className="card">
        <h2>
          {key.name} {key.test && <Badge tone="wait">{t('key.test')}</Badge>}
        </h2>
        <dl className="facts">
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="card">
        <h2>{t('account.api')}</h2>
        <p>{t('account.apiHint')}</p>
        <pre>{`curl ${location.origin}/mj/submit/imagine \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"prompt":"a red fox in the snow --ar 3:2"}'`}</pre>
        <a href="/docs">{t('nav.docs')}</a>
      </section>
    </Page>
  );
}
