"""The leak test: two installations live through the same history but for what the other coders do; a coder must see no difference.

``surface``     everything that can be asked, read off the running application
``cast``, ``histories``  who is there, and what happens
``world``, ``work``, ``fakes``  one application on its own database, and what is noted of it
``comparison``, ``worlds``  two of them side by side

It is an extra (``pip install 'intercoder[leak-test]'``) and never part of a web process.
"""
