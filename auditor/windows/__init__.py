"""From deliveries to windows of a minute and an hour, and how long they are kept."""
