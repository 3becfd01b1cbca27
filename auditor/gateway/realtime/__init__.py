"""Supabase's Realtime protocol: the stock clients listen here with only their URL changed."""
