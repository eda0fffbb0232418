"""Page of a hierarchy that learned a stream."""
