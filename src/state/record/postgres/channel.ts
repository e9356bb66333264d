/**
 * The channel for notifications of rare changes, one word each; a lost one only costs time, as everything is read
 * periodically.
 */
export const CHANNEL = "luno_mcp";
