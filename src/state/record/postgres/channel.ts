/** The channel that rare changes are told on, each by a word; losing one costs a moment, as all is looked at again. */
export const CHANNEL = "luno_mcp";
