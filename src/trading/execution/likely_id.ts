/** What the exchange's ids have always looked like; another one is believed after a look at the order itself. */
export const LIKELY_ID = /^[A-Z][0-9A-Z]{7,39}$/;
