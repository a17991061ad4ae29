/** What went wrong, by the stable codes of the gateway: refusals, and failures of tasks. */
export const errorWords = {
  'code.internal': ['Something went wrong inside gesso.', 'gesso 内部出错。'],
  'code.bad_request': ['The request cannot be served as it is.', '请求无法按原样处理。'],
  'code.invalid_order': [
    'A field of the request is missing, of the wrong type or out of range.',
    '请求中有字段缺失、类型错误或超出范围。',
  ],
  'code.invalid_value': [
    'A field has the right type, but this value cannot be used here.',
    '字段类型正确，但此处不能使用该值。',
  ],
  'code.picture_rejected': [
    'A picture sent with the request is broken, too large or of an unknown kind.',
    '请求中的图片已损坏、过大或格式未知。',
  ],
  'code.banned_prompt': [
    'The prompt holds a word that the operator does not allow.',
    '提示词包含运营者不允许的词。',
  ],
  'code.moderated': [
    'Moderation refuses the words or the pictures of this order.',
    '审核拒绝了此订单的文字或图片。',
  ],
  'code.moderation_unavailable': [
    'Moderation was asked for and does not answer; send the order again later.',
    '需要审核，但审核服务没有应答；请稍后重新提交。',
  ],
  'code.issuer_unavailable': [
    'The OpenID Connect issuer does not answer as it should; log in another way, or later.',
    'OpenID Connect 签发方应答异常；请换一种方式登录或稍后再试。',
  ],
  'code.too_large': [
    'The request body is larger than this gateway accepts.',
    '请求体超过此网关的上限。',
  ],
  'code.unknown_model': ['No channel offers this model or action.', '没有渠道提供该模型或操作。'],
  'code.not_authenticated': [
    'The key is missing, unknown, expired or switched off.',
    '密钥缺失、未知、已过期或已停用。',
  ],
  'code.not_allowed': ['The key may not do this.', '此密钥无权执行该操作。'],
  'code.not_found': [
    'There is no such thing, or it belongs to another account.',
    '不存在，或属于其他账户。',
  ],
  'code.insufficient_funds': [
    "The account's balance or the key's spend limit does not cover the price.",
    '账户余额或密钥消费上限不足以支付。',
  ],
  'code.rate_limited': [
    'Too many requests in the current window; wait and send again.',
    '请求过于频繁，请稍后重试。',
  ],
  'code.queue_full': [
    'The queue of every channel that could serve this is full; nothing was kept.',
    '所有可用渠道的队列均已满，未保留任何内容。',
  ],
  'code.no_channel': [
    'No enabled and healthy channel can serve this.',
    '没有已启用且正常的渠道可以处理。',
  ],
  'code.still_running': [
    'The work takes longer than this request may wait; it goes on as a task.',
    '处理时间超过此请求可等待的时间；任务仍在继续。',
  ],
  'code.illegal_move': [
    'The task is in a state from which this is not possible.',
    '任务当前状态不允许此操作。',
  ],
  'code.conflict': [
    'What is stored stands against it: a name is taken, a thing is in use.',
    '与现有数据冲突：名称已被占用，或正在使用中。',
  ],
  'code.call_running': [
    'The call with this Idempotency-Key still runs; ask again in a moment.',
    '使用此 Idempotency-Key 的调用仍在进行；请稍后再查询。',
  ],
  'code.idempotency_key_reused': [
    'This Idempotency-Key was used before with another request.',
    '此 Idempotency-Key 已用于另一请求。',
  ],
  'code.provider_error': ['An upstream did not do its part.', '上游未完成其工作。'],
  'code.refused': [
    'The upstream refused the order for good; sending it again will not help.',
    '上游明确拒绝了此订单，重新提交无效。',
  ],
  'code.unavailable': [
    'The upstream surely did not start the order; another try is safe.',
    '上游确定没有开始此订单，可以安全重试。',
  ],
  'code.locked': [
    'The upstream refuses our own credentials: nothing starts there until that is mended.',
    '上游拒绝我方凭据：修复之前无法开始任何任务。',
  ],
  'code.uncertain': [
    'The connection broke and nobody knows whether the upstream heard the order.',
    '连接中断，无法确定上游是否收到订单。',
  ],
  'code.garbled': [
    'The upstream answered something that cannot be understood.',
    '上游的应答无法识别。',
  ],
  'code.operator_error': ['This installation is not set up right.', '此安装未正确配置。'],
  'code.bad_settings': [
    'A setting is missing, unknown or out of range.',
    '有设置缺失、未知或超出范围。',
  ],
  'code.schema_mismatch': [
    'The database has another schema version than this program.',
    '数据库结构版本与此程序不一致。',
  ],
  'fail.banned': [
    'The prompt was refused: it holds something that is not allowed.',
    '提示词包含不允许的内容，已被拒绝。',
  ],
  'fail.banned_prompt': [
    'The prompt was refused: it holds something that is not allowed.',
    '提示词包含不允许的内容，已被拒绝。',
  ],
  'fail.moderated': [
    'Moderation refused the words or the pictures of this task.',
    '审核拒绝了此任务的文字或图片。',
  ],
  'fail.timeout': ['The task took too long and was given up.', '任务耗时过长，已放弃。'],
  'fail.invalid': ['The backend could not use what was ordered.', '后端无法处理此订单的内容。'],
  'fail.refused': ['The backend refused the task.', '后端拒绝了此任务。'],
  'fail.unavailable': ['The backend could not be reached.', '无法连接后端。'],
  'fail.no_channel': ['No channel could do it in time.', '没有渠道能够及时处理。'],
  'fail.lost': [
    'The connection to the backend broke, and nobody knows what became of the task.',
    '与后端的连接中断，任务结果未知。',
  ],
  'fail.uncertain': [
    'The connection to the backend broke, and nobody knows what became of the task.',
    '与后端的连接中断，任务结果未知。',
  ],
  'fail.garbled': [
    'The backend delivered something that is no picture.',
    '后端返回的内容不是有效的图片。',
  ],
  'fail.cancelled': ['The task was cancelled.', '任务已取消。'],
  'fail.deadline_missed': [
    'The task was not started before its deadline.',
    '任务未在截止时间前开始。',
  ],
  'fail.internal': [
    'Something went wrong inside gesso; its log says what.',
    'gesso 内部出错，详见日志。',
  ],
} as const satisfies Record<string, readonly [string, string]>;
