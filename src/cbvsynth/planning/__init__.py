"""What a run will learn from, be judged on and cost, said before it starts."""
