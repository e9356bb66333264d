/** The usual form of the exchange's ids; another form is only accepted after looking up the order. */
export const LIKELY_ID = /^[A-Z][0-9A-Z]{7,39}$/;
