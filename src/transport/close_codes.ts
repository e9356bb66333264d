/**
 * WebSocket close codes (RFC 6455, section 7.4; from 4000 on our own); `docs/websocket-transport.md` says when each is
 * sent.
 */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Never sent: the other end sent no code. */
  noCode: 1005,
  /** Never sent: the connection broke. */
  abnormal: 1006,
  invalidText: 1007,
  policyViolation: 1008,
  tooBig: 1009,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  /** An operator has ended the session. */
  sessionEnded: 4001,
  /** The client has resumed the session on another connection. */
  sessionResumed: 4002,
} as const;
