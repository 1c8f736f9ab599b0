"""How every weight in weights/ was made: data, one script a task, evaluation, export."""
