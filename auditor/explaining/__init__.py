"""What an observation was judged by, judged again and compared: the explanation of it. Pure."""
